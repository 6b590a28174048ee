"""Sends sounds through a mobile network's codec and back: AMR narrowband (3GPP TS 26.071).

    codec.py LIBRARY MODE     LIBRARY is libopencore-amrnb, MODE 0 (4.75 kbit/s) to 7 (12.2 kbit/s)

20 ms at 8 kHz, 16 bit, come in, and what the other end hears goes out, until there is no more.
"""
import ctypes
import sys

SIZE = 320
amr = ctypes.CDLL(sys.argv[1])
mode = int(sys.argv[2])
for init in (amr.Encoder_Interface_init, amr.Decoder_Interface_init):
    init.restype = ctypes.c_void_p
encoder = ctypes.c_void_p(amr.Encoder_Interface_init(0))
decoder = ctypes.c_void_p(amr.Decoder_Interface_init())
coded = ctypes.create_string_buffer(64)
heard = ctypes.create_string_buffer(SIZE)
while len(spoken := sys.stdin.buffer.read(SIZE)) == SIZE:
    amr.Encoder_Interface_Encode(encoder, mode, spoken, coded, 0)
    amr.Decoder_Interface_Decode(decoder, coded, heard, 0)
    sys.stdout.buffer.write(heard.raw)
    sys.stdout.buffer.flush()
