/* version.h - what this build is. */
#ifndef DARKFOREST_CORE_VERSION_H
#define DARKFOREST_CORE_VERSION_H

#define DARKFOREST_VERSION "0.1.0"

#endif
