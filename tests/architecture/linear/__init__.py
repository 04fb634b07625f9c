"""Every function over text from outside takes time in proportion to the text."""
