"""What pages share and a notebook does not need: layout, content that is read in a thread, forms, dialogs."""
