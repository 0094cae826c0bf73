/* A fuzzer for what the native programs are told: inputs are lists of frames, mutated, kept when they reach code that none
 * reached before. A target says what a frame is and takes one input; everything it may touch is an empty file system. */
#ifndef NEXUS_FUZZER_H
#define NEXUS_FUZZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAMES_MAX 24
#define FRAME_MAX 6000

struct frame {
  size_t length;
  unsigned char bytes[FRAME_MAX];
};

struct input {
  size_t count;
  struct frame frames[FRAMES_MAX];
};

/* ---- of a target ---- */

/* Inputs to begin with, written into `input`; false when there are no more. */
bool target_seed(size_t number, struct input *input);
/* Texts and numbers worth putting anywhere; ends with an empty one. */
extern const struct token { const char *bytes; size_t length; } TARGET_TOKENS[];
/* Inside its own file system, once. */
void target_prepare(void);
/* `stream`: the frames with their lengths before them, some of those lengths wrong. Memory of its own, of exactly this size. */
void target_take(const unsigned char *stream, size_t length);

/* ---- for targets ---- */

void add_frame(struct input *input, const void *bytes, size_t length);

#endif
