"""pkeep, the image keeper: asked for renditions by datagrams, it answers with paths of files."""

from pkeep.counters import Counters
from pkeep.keeper import Keeper, Source
from pkeep.photos import Photos
from pkeep.places import Places
from pkeep.serve import port_of, serve

__all__ = ["Counters", "Keeper", "Photos", "Places", "Source", "port_of", "serve"]
