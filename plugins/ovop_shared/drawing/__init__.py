"""Text in pictures: the faces, paragraphs in boxes, and the ink. What labels and badges are drawn with.

The fonts are Noto Sans and Noto Sans CJK JP, both under the SIL Open Font License 1.1, from the packages
pymupdf-fonts and noto-cjk-sans-jp-regular.
"""
