"""pkeep, the image keeper: asked for renditions by datagrams, it answers with paths of files."""

from pkeep.keeper import Keeper, Source
from pkeep.photos import Photos
from pkeep.places import Places
from pkeep.serve import serve

__all__ = ["Keeper", "Photos", "Places", "Source", "serve"]
