"""The page as pandoc's tree: parts and sections, floats, pictures, citations, what is foreign to it."""
