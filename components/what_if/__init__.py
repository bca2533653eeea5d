"""What-ifs: a plan drawn over another one, their figures side by side, and sliders that plan again."""
