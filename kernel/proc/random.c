/* random.c - unpredictable bytes: the ChaCha20 block function (RFC 8439) over a key that is
 * replaced by part of its own output after every call, so that old output cannot be computed from
 * later state. The first key comes from the processor; every so often more of that is mixed in.
 * Locks:  pool_lock (RANK_NONE, interrupts off), taken alone. */
#include <proc/random.h>

#include <asm/entropy.h>
#include <lib/string.h>
#include <sync/spinlock.h>

#define BLOCK_BYTES	64
#define RESEED_CALLS	256

static DEFINE_SPINLOCK(pool_lock, RANK_NONE);
static u32 key[8];			/* [pool_lock] */
static u64 counter;			/* [pool_lock] of blocks */
static unsigned int calls;		/* [pool_lock] since the last reseeding */

static u32 rotl(u32 x, unsigned int n)
{
	return x << n | x >> (32 - n);
}

static void quarter(u32 *x, unsigned int a, unsigned int b, unsigned int c, unsigned int d)
{
	x[a] += x[b];
	x[d] = rotl(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotl(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotl(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotl(x[b] ^ x[c], 7);
}

static void chacha_block(const u32 k[8], u64 nr, u32 out[16])
{
	u32 in[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, k[0], k[1], k[2], k[3], k[4],
		       k[5], k[6], k[7], (u32)nr, (u32)(nr >> 32), 0, 0 };
	unsigned int i;

	memcpy(out, in, sizeof(in));
	for (i = 0; i < 10; i++) {
		quarter(out, 0, 4, 8, 12);
		quarter(out, 1, 5, 9, 13);
		quarter(out, 2, 6, 10, 14);
		quarter(out, 3, 7, 11, 15);
		quarter(out, 0, 5, 10, 15);
		quarter(out, 1, 6, 11, 12);
		quarter(out, 2, 7, 8, 13);
		quarter(out, 3, 4, 9, 14);
	}
	for (i = 0; i < 16; i++)
		out[i] += in[i];
}

static void reseed(void)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		u64 word = hardware_random();

		key[2 * i] ^= (u32)word;
		key[2 * i + 1] ^= (u32)(word >> 32);
	}
	key[0] ^= (u32)rdtsc();
}

/* Take half a block for one caller out of the pool, and make the other half the pool's key. */
static void take_key(u32 mine[8])
{
	unsigned long flags = spin_lock_irqsave(&pool_lock);
	u32 block[16];

	if (calls++ % RESEED_CALLS == 0)
		reseed();
	chacha_block(key, counter++, block);
	memcpy(key, block, sizeof(key));
	memcpy(mine, block + 8, 8 * sizeof(u32));
	spin_unlock_irqrestore(&pool_lock, flags);
}

void get_random_bytes(void *buf, size_t bytes)
{
	u32 mine[8], block[16];
	u64 nr = 0;

	take_key(mine);
	if (bytes <= sizeof(mine)) {
		memcpy(buf, mine, bytes);	/* no key is needed to make more of it */
		return;
	}
	while (bytes) {
		size_t part = min(bytes, (size_t)BLOCK_BYTES);

		chacha_block(mine, nr++, block);
		memcpy(buf, block, part);
		buf = (char *)buf + part;
		bytes -= part;
	}
}
