/* A client of v1-4, written from docs/rake.md (R8, R9) alone: it shares nothing with the package.
 *
 *     client PORT COMMAND FILE...
 *
 * Asks for the cost, then runs the command with these files. Prints `cost N`, then `status N`, and behind it either
 * `file NAME SIZE` (the file is written to NAME in the working folder) or the bytes that the command printed. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int server;

static void fail(const char *what) { fprintf(stderr, "%s\n", what); exit(1); }

static void dial(int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  server = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(server, (struct sockaddr *)&to, sizeof to) != 0) fail("no connection");
}

static void put(const void *bytes, size_t size) {
  for (const char *at = bytes; size > 0;) {
    ssize_t sent = write(server, at, size);
    if (sent <= 0) fail("the server takes no more");
    at += sent, size -= sent;
  }
}

static void put_integer(uint32_t value) { value = htonl(value); put(&value, 4); }
static void put_string(const char *text) { put_integer(strlen(text)); put(text, strlen(text)); }

static void get(void *bytes, size_t size) {
  for (char *at = bytes; size > 0;) {
    ssize_t got = read(server, at, size);
    if (got <= 0) fail("the answer is not whole");
    at += got, size -= got;
  }
}

static uint32_t get_integer(void) { uint32_t value; get(&value, 4); return ntohl(value); }

static void get_to(FILE *to, uint32_t size) {
  static char piece[65536];
  for (uint32_t part; size > 0; size -= part) {
    part = size < sizeof piece ? size : sizeof piece;
    get(piece, part);
    fwrite(piece, 1, part, to);
  }
}

static void send_file(const char *path) {
  static char piece[65536];
  FILE *file = fopen(path, "rb");
  if (file == NULL) fail("no such file");
  fseek(file, 0, SEEK_END);
  const char *name = strrchr(path, '/');
  put_integer(3);
  put_string(name == NULL ? path : name + 1);
  put_integer(ftell(file));
  rewind(file);
  for (size_t got; (got = fread(piece, 1, sizeof piece, file)) > 0;) put(piece, got);
  fclose(file);
  if (get_integer() != 10) fail("no ACK");
}

int main(int count, char **words) {
  if (count < 3) fail("client PORT COMMAND FILE...");
  dial(atoi(words[1]));
  put_integer(1);
  if (get_integer() != 2) fail("no QUOTE_REPLY");
  printf("cost %u\n", get_integer());
  close(server);
  dial(atoi(words[1]));
  for (int index = 3; index < count; index++) send_file(words[index]);
  put_integer(5);
  put_string(words[2]);
  uint32_t code = get_integer(), status = get_integer();
  if (code != 6 && code != 7 && code != 8 && code != 11) fail("no answer");
  printf("status %u\n", status);
  if (code == 7 || code == 8) get_to(stdout, get_integer());
  if (code != 6) return 0;
  if (get_integer() != 9) fail("no RETURN_FILE");
  char name[256] = "";
  uint32_t length = get_integer();
  if (length > 255) fail("a name that is too long");
  get(name, length);
  if (strchr(name, '/') != NULL || strlen(name) != length) fail("no basename");
  uint32_t size = get_integer();
  FILE *file = fopen(name, "wb");
  get_to(file, size);
  fclose(file);
  printf("file %s %u\n", name, size);
  return 0;
}
