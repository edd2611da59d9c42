#include "payload.h"

/* A string literal without its closing zero. */
#define TEXT(port, text)                                                                                     \
    {                                                                                                        \
        port, sizeof(text) - 1, text                                                                         \
    }

const struct payload payload_services[PAYLOAD_SERVICES] = {
    TEXT(53, "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07"
             "example\x04test\x00\x00\x01\x00\x01"),
    TEXT(123,
         "\x23\x00\x06\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
         "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xdc\x12\x34\x56\x00\x00\x00\x00"),
    TEXT(161,
         "\x30\x26\x02\x01\x00\x04\x06public\xa0\x19\x02\x04\x00\x00\x00\x01\x02\x01\x00\x02\x01\x00\x30\x0b"
         "\x30\x09\x06\x05\x2b\x06\x01\x02\x01\x05\x00"),
    TEXT(514, "<134>camera: clock is not set"),
    TEXT(1900, "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\n"
               "ST: ssdp:all\r\n\r\n"),
    TEXT(5060,
         "OPTIONS sip:100@telescope.test SIP/2.0\r\nVia: SIP/2.0/UDP stray.test:5060\r\nMax-Forwards: 70\r\n"
         "From: <sip:100@stray.test>;tag=1\r\nTo: <sip:100@telescope.test>\r\nCall-ID: 1@stray.test\r\n"
         "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"),
    TEXT(27015, "\xff\xff\xff\xffTSource Engine Query\0"),
    TEXT(32100, "\xf1\x00\x00\x00"),
    TEXT(53413, "login"),
};

const struct payload payload_dns_answer = TEXT(
    53,
    "\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x07"
    "example\x04test\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x7f\x00\x00\x01");
const struct payload payload_dht_ping =
    TEXT(6881, "d1:ad2:id20:syntheticnode0000000e1:q4:ping1:t2:aa1:y1:qe");
const struct payload payload_http_get = TEXT(80, "GET / HTTP/1.0\r\n\r\n");
const struct payload payload_echo = TEXT(0, "abcdefghijklmnopqrstuvwabcdefghi");
const uint8_t payload_zeroes[512];
