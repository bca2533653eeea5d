"""Charts as published clients draw them: Vega-Lite specifications, and Bokeh documents."""
