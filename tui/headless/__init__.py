"""Programs without a screen: answers on stdout, everything else on stderr."""
