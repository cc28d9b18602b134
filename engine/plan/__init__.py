"""How much memory a model takes before anything is allocated: weights, K and V, compute buffers, modes.

The one place of this arithmetic: `tui plan` prints it and the engine refuses by it. It must not know
llama.cpp's library, nor what machine this is: shapes, settings and bytes come in, bytes go out.
"""
