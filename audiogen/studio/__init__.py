"""The studio: a page on this machine to make, see, change and keep sounds and pictures.

ask      what a job asks for, as the page and the HTTP API say it -> one `making` request
work     a job in its own process: takes, their files, what is shown of them
views    what is seen of a take: spectrogram, waveform, notes
worker   the process that works, and its restart after a crash
desk     jobs in a queue, uploads, and the history with its limit on disk
server   HTTP: who may ask, the calls, the files; the page is mounted here
page     the page, on Gradio; words: its texts in English and Chinese; web/: what runs in the browser
"""
