/* payload.h - what packets carry: well-formed bytes of the services that stray traffic is made of. Local. */
#ifndef DARKFOREST_SYNTH_PAYLOAD_H
#define DARKFOREST_SYNTH_PAYLOAD_H

#include <stdint.h>

struct payload {
    uint16_t port; /* of the service */
    uint16_t n;
    const void *bytes;
};

/* Datagrams that clients send to a service. */
#define PAYLOAD_SERVICES 9
extern const struct payload payload_services[PAYLOAD_SERVICES];
extern const struct payload payload_dns_answer, payload_dht_ping, payload_http_get, payload_echo;
/* Zeroes, as many as a fragment holds. */
extern const uint8_t payload_zeroes[512];

#endif
