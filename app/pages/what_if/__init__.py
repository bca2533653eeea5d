"""What-ifs of an asset: the tab with its sliders and scenarios, which live in the address, and a year of them."""
