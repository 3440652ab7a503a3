"""Frozen feature extractors: a table of rows, and `extract` with its cache.

The small networks of the embedded features run in numpy; the papers' backbones need the extra ``backbones``
(torch and transformers), imported when one of them is loaded.
"""

from w2s_utils.backbones.extract import content_checksum, extract
from w2s_utils.backbones.table import BACKBONES, Backbone, backbone

__all__ = ["BACKBONES", "Backbone", "backbone", "content_checksum", "extract"]
