"""The network, from waveform to logits: front end, layers, models, and what is drawn of them."""
