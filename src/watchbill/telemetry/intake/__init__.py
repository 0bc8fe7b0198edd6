"""Wire formats in: each module turns bytes of one protocol into samples, and refuses bad ones."""
