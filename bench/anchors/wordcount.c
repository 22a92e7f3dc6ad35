/* How fast one core can count words: the yardstick that bench/words.py measures against.
 *
 * usage: wordcount words|classic FILE...       build: gcc -O3 -march=native
 *
 * For each file it prints the number of words and the ten most used ones. "words" takes ASCII
 * letters (folded), digits, apostrophes and all bytes from 128 up for parts of words. "classic"
 * splits at ASCII white space, skips what has at most four bytes, then trims . , " ' ? !
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOP = 10, SLOTS = 1 << 18, MOST_WORDS = SLOTS / 2 };

struct word {
    const uint8_t *start;
    uint32_t length, count;
    uint64_t hash;
};

static struct word words[MOST_WORDS];
static uint32_t slots[SLOTS]; /* place in words, plus 1; 0 is free */
static uint32_t distinct;
static uint64_t total;
static uint8_t fold[256]; /* what a byte of a word becomes; 0 separates */

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void set_rule(int classic) {
    for (int c = 0; c < 256; c++) {
        int letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '\'' || c >= 128;
        int space = c == ' ' || (c >= '\t' && c <= '\r');
        fold[c] = (classic ? !space : letter) ? c : 0;
        if (c >= 'A' && c <= 'Z') fold[c] = c + 'a' - 'A';
    }
}

static uint64_t mix(uint64_t hash, uint8_t byte) {
    return (hash ^ byte) * 0x9E3779B97F4A7C15u;
}

static void count(const uint8_t *start, uint32_t length, uint64_t hash) {
    total++;
    uint32_t slot = (hash >> 40) % SLOTS;
    for (; slots[slot]; slot = (slot + 1) % SLOTS) {
        struct word *known = &words[slots[slot] - 1];
        if (known->hash == hash && known->length == length && !memcmp(known->start, start, length)) {
            known->count++;
            return;
        }
    }
    if (distinct == MOST_WORDS) fail("too many different words");
    words[distinct] = (struct word){start, length, 1, hash};
    slots[slot] = ++distinct;
}

static void count_trimmed(const uint8_t *start, const uint8_t *end) {
    if (end - start <= 4) return;
    while (start < end && strchr(".,\"'?!", *start)) start++;
    while (start < end && strchr(".,\"'?!", end[-1])) end--;
    uint64_t hash = 0;
    for (const uint8_t *at = start; at < end; at++) hash = mix(hash, *at);
    count(start, end - start, hash);
}

static void count_all(uint8_t *text, size_t size, int classic) {
    text[size] = ' '; /* ends the last word */
    for (uint8_t *at = text, *end = text + size; at < end;) {
        uint8_t byte = fold[*at];
        if (!byte) {
            at++;
            continue;
        }
        uint8_t *start = at;
        uint64_t hash = 0;
        do {
            *at = byte;
            if (!classic) hash = mix(hash, byte);
            byte = fold[*++at];
        } while (byte);
        if (classic)
            count_trimmed(start, at);
        else
            count(start, at - start, hash);
    }
}

static int by_count(const void *a, const void *b) {
    uint32_t x = ((const struct word *)a)->count, y = ((const struct word *)b)->count;
    return (x < y) - (x > y);
}

static void report(void) {
    qsort(words, distinct, sizeof *words, by_count);
    printf("%llu", (unsigned long long)total);
    for (uint32_t i = 0; i < distinct && i < TOP; i++)
        printf(" %.*s %u", (int)words[i].length, words[i].start, words[i].count);
    putchar('\n');
    memset(slots, 0, sizeof slots);
    distinct = total = 0;
}

static uint8_t *read_all(const char *path, size_t *size) {
    static uint8_t *text;
    static size_t room;
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END)) fail(path);
    *size = ftell(file);
    rewind(file);
    if (*size + 1 > room) text = realloc(text, room = *size + 1);
    if (!text || fread(text, 1, *size, file) != *size) fail(path);
    fclose(file);
    return text;
}

int main(int argc, char **argv) {
    if (argc < 3) return fprintf(stderr, "usage: %s words|classic FILE...\n", argv[0]), 2;
    int classic = !strcmp(argv[1], "classic");
    set_rule(classic);
    for (int i = 2; i < argc; i++) {
        size_t size;
        uint8_t *text = read_all(argv[i], &size);
        count_all(text, size, classic);
        report();
    }
    return 0;
}
