"""The capacity report: everything on the page as frozen values, and the page, Markdown, CSV and JSON made of them."""
