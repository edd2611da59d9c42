/*
 * text_stream.h - the lines of a text file, plain, gzip (many members) or zstd (many frames), sniffed by
 * content. Local, private to the sources room.
 *
 *     path or "-" -> raw bytes -> [as they are | isa-l | zstd] -> line, line, ...
 *
 * A line is valid until the next call. Its end ("\n" or "\r\n") is left out and the last line needs none. A
 * cut-off or damaged stream is a failure, not an end: half a device list must not pass for a whole one.
 */
#ifndef DARKFOREST_SOURCES_TEXT_STREAM_H
#define DARKFOREST_SOURCES_TEXT_STREAM_H

#include <stddef.h>

#define TEXT_LINE_MAX ((size_t)16 << 20) /* of bytes; what is longer comes back as TEXT_TOO_LONG */

enum text_result { TEXT_END, TEXT_LINE, TEXT_TOO_LONG, TEXT_FAILED };

struct text_stream;

/* NULL with *code (EXIT_NO_INPUT, EXIT_IO) and one sentence in *why (free() it). */
struct text_stream *text_open(const char *path, int *code, char **why);
/* TEXT_FAILED sets *code and *why as text_open does, EXIT_BAD_DATA for a damaged stream. */
enum text_result text_line(struct text_stream *stream, const char **line, size_t *n, int *code, char **why);
void text_close(struct text_stream *stream);

#endif
