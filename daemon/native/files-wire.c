/* The bytes of requests and answers: every length is checked against what is there before it is believed. */
#define _GNU_SOURCE
#include "files.h"

#include <stdlib.h>
#include <string.h>

bool reserve(struct buffer *buffer, size_t more)
{
	if (buffer->room - buffer->length >= more)
		return true;
	size_t room = buffer->room ? buffer->room : 4096;
	while (room - buffer->length < more)
		room *= 2;
	unsigned char *bytes = realloc(buffer->bytes, room);
	if (!bytes)
		return false;
	buffer->bytes = bytes;
	buffer->room = room;
	return true;
}

void put(struct buffer *buffer, const void *bytes, size_t length)
{
	/* An answer that does not fit into memory is an answer that cannot be given. */
	if (!reserve(buffer, length))
		abort();
	if (length)
		memcpy(buffer->bytes + buffer->length, bytes, length);
	buffer->length += length;
}

void put_u8(struct buffer *buffer, uint8_t value) { put(buffer, &value, 1); }

void put_u32(struct buffer *buffer, uint32_t value) { put(buffer, &value, 4); }

void put_u64(struct buffer *buffer, uint64_t value) { put(buffer, &value, 8); }

void put_text(struct buffer *buffer, const void *bytes, size_t length)
{
	put_u32(buffer, (uint32_t)length);
	put(buffer, bytes, length);
}

const unsigned char *take(struct reader *reader, size_t length)
{
	if (reader->bad || (size_t)(reader->end - reader->at) < length) {
		reader->bad = true;
		return NULL;
	}
	const unsigned char *bytes = reader->at;
	reader->at += length;
	return bytes;
}

uint8_t take_u8(struct reader *reader)
{
	const unsigned char *bytes = take(reader, 1);
	return bytes ? bytes[0] : 0;
}

uint32_t take_u32(struct reader *reader)
{
	uint32_t value = 0;
	const unsigned char *bytes = take(reader, 4);
	if (bytes)
		memcpy(&value, bytes, 4);
	return value;
}

uint64_t take_u64(struct reader *reader)
{
	uint64_t value = 0;
	const unsigned char *bytes = take(reader, 8);
	if (bytes)
		memcpy(&value, bytes, 8);
	return value;
}

const char *take_text(struct reader *reader, size_t *length)
{
	*length = take_u32(reader);
	const unsigned char *bytes = take(reader, *length);
	if (!bytes)
		*length = 0;
	return (const char *)bytes;
}

/* A whole path as a C string, for the two calls that take one. The caller frees. */
char *take_string(struct reader *reader)
{
	size_t length;
	const char *text = take_text(reader, &length);
	if (!text || memchr(text, '\0', length)) {
		reader->bad = true;
		return NULL;
	}
	return strndup(text, length);
}
