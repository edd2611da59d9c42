#include "darkforest/sources/source_hash.h"

uint32_t source_hash_key;
