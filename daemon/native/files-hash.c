/* SHA-256 of small files, where the processor has instructions for it. Elsewhere, and for large files, the daemon hashes
 * by itself: its library is as fast, and this helper stays free for others. */
#define _GNU_SOURCE
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define HASHED_MAX (1024 * 1024)
#define BLOCK 64

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

static const uint32_t ROUND[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
	0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
	0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
	0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
	0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

bool can_hash(void)
{
	unsigned a, b, c, d;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1))
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

/* Whole blocks only. The state is kept in the order that the instructions want: ABEF and CDGH. */
__attribute__((target("sha,sse4.1,ssse3"))) static void add_blocks(uint32_t state[8], const unsigned char *bytes, size_t blocks)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bll, 0x0405060700010203ll);
	__m128i dcba = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);
	__m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b);
	__m128i abef = _mm_alignr_epi8(dcba, hgfe, 8), cdgh = _mm_blend_epi16(hgfe, dcba, 0xf0);
	for (; blocks; blocks--, bytes += BLOCK) {
		const __m128i abef_before = abef, cdgh_before = cdgh;
		__m128i words[4];
		for (unsigned i = 0; i < 16; i++) {
			__m128i *now = &words[i & 3];
			if (i < 4) {
				*now = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(bytes + 16 * i)), swap);
			} else {
				const __m128i last = words[(i + 3) & 3], seven = _mm_alignr_epi8(last, words[(i + 2) & 3], 4);
				*now = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(*now, words[(i + 1) & 3]), seven), last);
			}
			const __m128i sum = _mm_add_epi32(*now, _mm_loadu_si128((const __m128i *)(ROUND + 4 * i)));
			cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
			abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
		}
		abef = _mm_add_epi32(abef, abef_before);
		cdgh = _mm_add_epi32(cdgh, cdgh_before);
	}
	const __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
	_mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xf0));
	_mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}
#else
bool can_hash(void)
{
	return false;
}

static void add_blocks(uint32_t state[8], const unsigned char *bytes, size_t blocks)
{
	(void)state, (void)bytes, (void)blocks;
}
#endif

static void digest_of(const unsigned char *bytes, size_t length, unsigned char digest[32])
{
	uint32_t state[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
	unsigned char tail[2 * BLOCK] = { 0 };
	size_t whole = length / BLOCK, left = length % BLOCK;
	add_blocks(state, bytes, whole);
	/* The end: a one bit, zeros, the length in bits. */
	if (left)
		memcpy(tail, bytes + whole * BLOCK, left);
	tail[left] = 0x80;
	size_t blocks = left < BLOCK - 8 ? 1 : 2;
	for (int i = 0; i < 8; i++)
		tail[blocks * BLOCK - 1 - (size_t)i] = (unsigned char)((uint64_t)length * 8 >> (8 * i));
	add_blocks(state, tail, blocks);
	for (int i = 0; i < 32; i++)
		digest[i] = (unsigned char)(state[i / 4] >> (24 - 8 * (i % 4)));
}

/* EFBIG: not ours to hash. The attributes come along, since the file is open: NULL for none, the caller frees. */
static int hash_place(struct place *place, unsigned char digest[32], unsigned char **attributes, size_t *attributes_length)
{
	static unsigned char content[HASHED_MAX + 1];
	int file;
	int wrong = place_open(place, O_RDONLY | O_NONBLOCK, &file);
	if (wrong)
		return wrong;
	struct stat status;
	size_t length = 0;
	if (fstat(file, &status))
		wrong = errno;
	else if (!S_ISREG(status.st_mode))
		wrong = EINVAL;
	else if (status.st_size > HASHED_MAX)
		wrong = EFBIG;
	while (!wrong && length < sizeof content) {
		ssize_t got = read(file, content + length, sizeof content - length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			wrong = errno;
		if (got <= 0)
			break;
		length += (size_t)got;
		/* A short read of a plain file is its end. */
		if (length < sizeof content && (off_t)length >= status.st_size)
			break;
	}
	if (!wrong && flistxattr(file, NULL, 0) > 0)
		wrong = list_attributes(file, attributes, attributes_length);
	close(file);
	if (!wrong && length > HASHED_MAX)
		wrong = EFBIG;
	if (!wrong)
		digest_of(content, length, digest);
	return wrong;
}

/* Of many paths below one root: 1, digest and attributes, or 0 for what the daemon has to look at by itself. */
int hash_all(int root, struct reader *reader, struct buffer *out)
{
	uint32_t count = take_u32(reader);
	if (!can_hash())
		return ENOSYS;
	for (uint32_t i = 0; i < count && !reader->bad; i++) {
		struct place place = { root, "", 0 };
		unsigned char digest[32], *attributes = NULL;
		size_t length = 0;
		place.path = take_text(reader, &place.length);
		if (reader->bad)
			break;
		bool done = hash_place(&place, digest, &attributes, &length) == 0;
		put_u8(out, done);
		if (done) {
			put(out, digest, sizeof digest);
			put_text(out, attributes, length);
		}
		free(attributes);
	}
	return reader->bad ? EBADMSG : 0;
}
