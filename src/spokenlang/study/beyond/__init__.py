"""What lies beyond the corpus that a network was trained and tested on: recordings of other people."""
