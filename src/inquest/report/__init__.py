"""Documents from chapters: the figures' style, HTML, citations, the rubric, PDF.

This layer knows artefacts (facts, tables, figures), not how they were computed.
"""
