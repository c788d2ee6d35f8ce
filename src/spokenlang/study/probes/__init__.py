"""What a trained network goes by: clips with one thing taken out of them, and where its outputs put the languages.

`changes` alters waveforms, `controls` classifies them again, `apart` measures the distances between languages.
"""
