"""The dashboard, page by page: each reads what it shows and is composed of components and widgets."""
