"""From people's recordings to a clip store, in steps that know only the one before:

walk       the files of a folder, and what is none of a recording's business
tables     a CSV or TSV as people write it, matched to these files
layouts    which recording is of which language, speaker and split (published: the layouts of known corpora)
containers whether a file is cut short, by what its own container says
decoding   a file as a stream of samples, or the reason why not
segments   the stretches of speech that become clips
measures   level, signal-to-noise ratio and bandwidth of a clip
parts      the above for a handful of files at a time, in processes side by side, resumable
dealing    copies, limits, training and test
writer     the arrays and tables of the store
report     seconds in, seconds out, and why the rest is gone
"""
