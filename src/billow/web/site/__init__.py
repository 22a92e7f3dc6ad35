"""An app's own site: its pages, forms, uploads and files, served beside the console."""
