/* Prints the vectors of random.test.ts, without any of our code: gcc xoshiro128starstar.c && ./a.out
   The generator is Blackman and Vigna's (public domain, prng.di.unimi.it); the seeding is rule N3 of docs/simnet.md. */
#include <stdint.h>
#include <stdio.h>
static uint32_t s[4];
static inline uint32_t rotl(const uint32_t x, int k) { return (x << k) | (x >> (32 - k)); }
uint32_t next(void) {
	const uint32_t result = rotl(s[1] * 5, 7) * 9;
	const uint32_t t = s[1] << 9;
	s[2] ^= s[0]; s[3] ^= s[1]; s[1] ^= s[2]; s[0] ^= s[3];
	s[2] ^= t; s[3] = rotl(s[3], 11);
	return result;
}
static uint32_t st;
uint32_t sm(void){ st += 0x9e3779b9u; uint32_t z=st; z ^= z>>16; z*=0x21f0aaadu; z^=z>>15; z*=0x735a2d97u; z^=z>>15; return z; }
int main(){ uint32_t seeds[]={0,1,42,0xffffffffu};
 for(int k=0;k<4;k++){ st=seeds[k]; for(int i=0;i<4;i++) s[i]=sm(); s[3]|=1; printf("[%u, [",seeds[k]); for(int i=0;i<6;i++) printf("%u%s",next(),i<5?", ":"]],\n"); }
 s[0]=1;s[1]=2;s[2]=3;s[3]=4; for(int i=0;i<10;i++) printf("%u ",next()); puts("");
}
