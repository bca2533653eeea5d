"""The one seam between store and engine: rows become sites, files become values, results become beliefs."""
