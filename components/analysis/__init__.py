"""Views of the values of one sensor over a long time, as elements of HoloViews and as one component."""
