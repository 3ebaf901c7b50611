/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The internet of a test bed, in one thread: IP packets that come out of one TUN device go into that of their
 * receiver, after what the line of the sender, the distance between the regions and the line of the receiver
 * do to them.
 *
 *     testbed-relay SEED REGIONS
 *
 * Each line on standard input is a command, each is answered by one line, `ok`, `error TEXT` or what was
 * asked for. All commands that are there are done before the next packet, so that several of them take effect
 * together.
 *
 *     site SITE FD REGION                        a TUN device without packet information, and where it is
 *     address SITE IP                            what is sent there, goes there
 *     line SITE up|down DELAY_US LOSS_PPM KBIT   the line of a site; 0 kbit/s: without bound
 *     link FROM TO DELAY_US LOSS_PPM KBIT        from one region to another, or within one
 *     cut FROM TO 0|1                            nothing goes from one site to another, or it does again
 *     stats                                      what happened to packets, as JSON
 *
 * It ends with its standard input. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "testbed-lane.h"
#include "testbed-packet.h"

enum
{
  MAX_SITES = 256,
  MAX_REGIONS = 32,
  MAX_ADDRESSES = 1024,
  /* A power of two, and more than the addresses, so that a search ends. */
  TABLE_SIZE = 4096,
  /* The MTU of the devices, with room for one that was made larger. */
  MAX_PACKET = 9216,
  /* Packets on their way, in all. */
  MAX_MEMORY = 256 * 1024 * 1024,
  /* One sender must not keep the others, nor the commands, waiting. */
  BURST = 32,
  MAX_COMMAND = 256,
  INPUT_SIZE = 65536,
  SECOND_NS = 1000 * 1000 * 1000,
  MICROSECOND_NS = 1000,
  MILLION = 1000 * 1000,
  MAX_DELAY_US = 60 * MILLION,
  /* A terabit a second. */
  MAX_KBIT = 1000 * MILLION,
  IP4_HEADER = 20,
  IP6_HEADER = 40,
};

typedef struct
{
  int fd;
  uint16_t region;
  TestbedLane up;
  TestbedLane down;
  uint64_t packets_in;
  uint64_t bytes_in;
  uint64_t packets_out;
  uint64_t bytes_out;
  uint64_t cut;
  uint64_t forged;
  uint64_t nowhere;
  uint64_t expired;
  uint64_t failed;
} Site;

typedef struct
{
  struct in6_addr ip;
  uint16_t site;
  bool is_used;
} Address;

typedef struct
{
  Site sites[MAX_SITES];
  uint16_t n_sites;
  uint16_t n_regions;
  TestbedLane links[MAX_REGIONS][MAX_REGIONS];
  bool cuts[MAX_SITES][MAX_SITES];
  Address addresses[TABLE_SIZE];
  uint32_t n_addresses;
  TestbedHeap heap;
  uint64_t number;
  uint64_t memory;
  uint64_t crowded;
  uint64_t seed;
  char input[INPUT_SIZE];
  size_t input_length;
} Relay;

static uint64_t
get_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (uint64_t) now.tv_sec * SECOND_NS + (uint64_t) now.tv_nsec;
}

/* --- addresses
 * ------------------------------------------------------------------------------------------------ */

static Address *
find_address (Relay *self, const struct in6_addr *ip)
{
  uint32_t at = 2166136261u;

  /* FNV-1a. */
  for (size_t i = 0; i < sizeof ip->s6_addr; i++)
    at = (at ^ ip->s6_addr[i]) * 16777619u;
  for (at %= TABLE_SIZE; self->addresses[at].is_used; at = (at + 1) % TABLE_SIZE)
    if (memcmp (&self->addresses[at].ip, ip, sizeof *ip) == 0)
      break;
  return &self->addresses[at];
}

static void
map_ip4 (const uint8_t *bytes, struct in6_addr *ip)
{
  memset (ip, 0, sizeof *ip);
  ip->s6_addr[10] = ip->s6_addr[11] = 0xff;
  memcpy (ip->s6_addr + 12, bytes, 4);
}

/* False for what is no IP packet. */
static bool
read_addresses (const uint8_t *data, size_t length, struct in6_addr *from, struct in6_addr *to)
{
  if (length >= IP4_HEADER && data[0] >> 4 == 4)
    {
      map_ip4 (data + 12, from);
      map_ip4 (data + 16, to);
      return true;
    }
  if (length >= IP6_HEADER && data[0] >> 4 == 6)
    {
      memcpy (from, data + 8, sizeof *from);
      memcpy (to, data + 24, sizeof *to);
      return true;
    }
  return false;
}

/* As a router does: one hop less. False when it was the last one. */
static bool
count_hop (uint8_t *data)
{
  uint8_t *hops = data[0] >> 4 == 4 ? data + 8 : data + 7;

  if (*hops <= 1)
    return false;
  --*hops;
  if (data[0] >> 4 == 4)
    {
      /* RFC 1624: the word with the hops became 0x100 less. */
      uint32_t sum = (uint32_t) (data[10] << 8 | data[11]) + 0x100;

      sum = (sum & 0xffff) + (sum >> 16);
      data[10] = sum >> 8;
      data[11] = sum & 0xff;
    }
  return true;
}

/* --- packets
 * -------------------------------------------------------------------------------------------------- */

static void
drop (Relay *self, TestbedPacket *packet)
{
  self->memory -= sizeof *packet + packet->length;
  free (packet);
}

static TestbedLane *
get_lane (Relay *self, const TestbedPacket *packet)
{
  Site *from = &self->sites[packet->from];
  Site *to = &self->sites[packet->to];

  if (packet->stage == TESTBED_STAGE_UP)
    return &from->up;
  return packet->stage == TESTBED_STAGE_BETWEEN ? &self->links[from->region][to->region] : &to->down;
}

static void
deliver (Relay *self, TestbedPacket *packet)
{
  Site *to = &self->sites[packet->to];

  if (self->cuts[packet->from][packet->to])
    self->sites[packet->from].cut++;
  else if (write (to->fd, packet->data, packet->length) < 0)
    to->failed++;
  else
    {
      to->packets_out++;
      to->bytes_out += packet->length;
    }
  drop (self, packet);
}

/* Takes the packet through all that is due by now. */
static void
move (Relay *self, TestbedPacket *packet, uint64_t now)
{
  while (packet->stage < TESTBED_STAGE_END)
    {
      uint64_t out_ns;

      if (!testbed_lane_enter (get_lane (self, packet), packet->due_ns, packet->length, &out_ns))
        {
          drop (self, packet);
          return;
        }
      packet->stage++;
      packet->due_ns = out_ns;
      if (out_ns > now)
        {
          testbed_heap_push (&self->heap, packet);
          return;
        }
    }
  deliver (self, packet);
}

static void
move_due (Relay *self, uint64_t now)
{
  const TestbedPacket *first;

  for (first = testbed_heap_peek (&self->heap); first != NULL && first->due_ns <= now;
       first = testbed_heap_peek (&self->heap))
    move (self, testbed_heap_pop (&self->heap), now);
}

static void
take (Relay *self, uint16_t index, uint8_t *data, size_t length)
{
  Site *site = &self->sites[index];
  struct in6_addr from;
  struct in6_addr to;
  TestbedPacket *packet;
  Address *source;
  Address *target;

  if (!read_addresses (data, length, &from, &to))
    return;
  site->packets_in++;
  site->bytes_in += length;
  source = find_address (self, &from);
  target = find_address (self, &to);
  if (!source->is_used || source->site != index)
    {
      site->forged++;
      return;
    }
  if (!target->is_used)
    {
      site->nowhere++;
      return;
    }
  if (self->cuts[index][target->site])
    {
      site->cut++;
      return;
    }
  if (!count_hop (data))
    {
      site->expired++;
      return;
    }
  if (self->memory + sizeof *packet + length > MAX_MEMORY)
    {
      self->crowded++;
      return;
    }
  packet = malloc (sizeof *packet + length);
  if (packet == NULL)
    abort ();
  self->memory += sizeof *packet + length;
  packet->number = self->number++;
  packet->length = length;
  packet->from = index;
  packet->to = target->site;
  packet->stage = TESTBED_STAGE_UP;
  memcpy (packet->data, data, length);
  /* After the read: it may have waited for this thread to run, and nothing comes out early. */
  packet->due_ns = get_now ();
  /* What is due already goes first, so that nothing is overtaken. */
  move_due (self, packet->due_ns);
  move (self, packet, packet->due_ns);
}

static void
read_site (Relay *self, uint16_t index)
{
  uint8_t data[MAX_PACKET];

  for (int i = 0; i < BURST; i++)
    {
      ssize_t length = read (self->sites[index].fd, data, sizeof data);

      if (length <= 0)
        return;
      take (self, index, data, (size_t) length);
    }
}

/* --- commands
 * ------------------------------------------------------------------------------------------------- */

static void
set_lane (TestbedLane *lane, unsigned delay_us, unsigned loss_ppm, unsigned kbit)
{
  lane->delay_ns = (uint64_t) delay_us * MICROSECOND_NS;
  lane->loss_ppm = loss_ppm;
  /* What waits was promised at the old rate; it must not hold up the new one for long. */
  if (lane->rate_kbit != kbit)
    lane->busy_until_ns = 0;
  lane->rate_kbit = kbit;
}

static bool
is_lane (unsigned delay_us, unsigned loss_ppm, unsigned kbit)
{
  return delay_us <= MAX_DELAY_US && loss_ppm <= MILLION && kbit <= MAX_KBIT;
}

static const char *
add_site (Relay *self, const char *text)
{
  unsigned index, fd, region;
  Site *site;

  if (sscanf (text, "%u %u %u", &index, &fd, &region) != 3)
    return "usage: site SITE FD REGION";
  if (index != self->n_sites || index >= MAX_SITES || region >= self->n_regions)
    return "sites are added in order, at most 256, in regions that are there";
  if (fcntl ((int) fd, F_SETFL, O_NONBLOCK) != 0)
    return "no such file descriptor";
  site = &self->sites[self->n_sites++];
  site->fd = (int) fd;
  site->region = region;
  testbed_lane_seed (&site->up, self->seed ^ (0x10000 + 2 * index));
  testbed_lane_seed (&site->down, self->seed ^ (0x10000 + 2 * index + 1));
  return NULL;
}

static const char *
add_address (Relay *self, const char *text)
{
  char name[INET6_ADDRSTRLEN + 1];
  struct in6_addr ip;
  struct in_addr ip4;
  Address *address;
  unsigned index;

  if (sscanf (text, "%u %46s", &index, name) != 2 || index >= self->n_sites)
    return "usage: address SITE IP";
  if (inet_pton (AF_INET, name, &ip4) == 1)
    map_ip4 ((const uint8_t *) &ip4, &ip);
  else if (inet_pton (AF_INET6, name, &ip) != 1)
    return "no IP address";
  address = find_address (self, &ip);
  if (!address->is_used && self->n_addresses++ >= MAX_ADDRESSES)
    return "too many addresses";
  address->ip = ip;
  address->site = index;
  address->is_used = true;
  return NULL;
}

static const char *
set_line (Relay *self, const char *text)
{
  unsigned index, delay_us, loss_ppm, kbit;
  char way[5];

  if (sscanf (text, "%u %4s %u %u %u", &index, way, &delay_us, &loss_ppm, &kbit) != 5 ||
      index >= self->n_sites || (strcmp (way, "up") != 0 && strcmp (way, "down") != 0) ||
      !is_lane (delay_us, loss_ppm, kbit))
    return "usage: line SITE up|down DELAY_US LOSS_PPM KBIT";
  set_lane (way[0] == 'u' ? &self->sites[index].up : &self->sites[index].down, delay_us, loss_ppm, kbit);
  return NULL;
}

static const char *
set_link (Relay *self, const char *text)
{
  unsigned from, to, delay_us, loss_ppm, kbit;

  if (sscanf (text, "%u %u %u %u %u", &from, &to, &delay_us, &loss_ppm, &kbit) != 5 ||
      from >= self->n_regions || to >= self->n_regions || !is_lane (delay_us, loss_ppm, kbit))
    return "usage: link FROM TO DELAY_US LOSS_PPM KBIT";
  set_lane (&self->links[from][to], delay_us, loss_ppm, kbit);
  return NULL;
}

static const char *
set_cut (Relay *self, const char *text)
{
  unsigned from, to, is_cut;

  if (sscanf (text, "%u %u %u", &from, &to, &is_cut) != 3 || from >= self->n_sites || to >= self->n_sites ||
      is_cut > 1)
    return "usage: cut FROM TO 0|1";
  self->cuts[from][to] = is_cut;
  return NULL;
}

static void
print_stats (Relay *self)
{
  printf ("{\"waiting\":%" PRIu32 ",\"memory\":%" PRIu64 ",\"crowded\":%" PRIu64 ",\"sites\":[",
          self->heap.count,
          self->memory,
          self->crowded);
  for (uint16_t i = 0; i < self->n_sites; i++)
    {
      const Site *site = &self->sites[i];

      printf ("%s{\"sent\":%" PRIu64 ",\"sent_bytes\":%" PRIu64 ",\"received\":%" PRIu64
              ",\"received_bytes\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"overflowed\":%" PRIu64
              ",\"cut\":%" PRIu64 ",\"forged\":%" PRIu64 ",\"nowhere\":%" PRIu64 ",\"expired\":%" PRIu64
              ",\"failed\":%" PRIu64 "}",
              i > 0 ? "," : "",
              site->packets_in,
              site->bytes_in,
              site->packets_out,
              site->bytes_out,
              site->up.lost + site->down.lost,
              site->up.overflowed + site->down.overflowed,
              site->cut,
              site->forged,
              site->nowhere,
              site->expired,
              site->failed);
    }
  printf ("],\"links\":[");
  for (uint16_t i = 0; i < self->n_regions * self->n_regions; i++)
    {
      const TestbedLane *link = &self->links[i / self->n_regions][i % self->n_regions];

      printf ("%s{\"lost\":%" PRIu64 ",\"overflowed\":%" PRIu64 "}",
              i > 0 ? "," : "",
              link->lost,
              link->overflowed);
    }
  printf ("]}\n");
}

static void
do_command (Relay *self, char *line)
{
  static const struct
  {
    const char *name;
    const char *(*handler) (Relay *, const char *);
  } commands[] = {
    { "site ", add_site }, { "address ", add_address }, { "line ", set_line },
    { "link ", set_link }, { "cut ", set_cut },
  };
  const char *error = "no such command";

  if (strcmp (line, "stats") == 0)
    {
      print_stats (self);
      return;
    }
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
    if (strncmp (line, commands[i].name, strlen (commands[i].name)) == 0)
      error = commands[i].handler (self, line + strlen (commands[i].name));
  if (error == NULL)
    printf ("ok\n");
  else
    printf ("error %s: %s\n", line, error);
}

/* All lines that are there, and not those that come meanwhile: packets have their turn. False at the end of
 * the input. */
static bool
read_commands (Relay *self)
{
  int left = 0;

  if (ioctl (STDIN_FILENO, FIONREAD, &left) != 0)
    return false;
  do
    {
      ssize_t length = read (STDIN_FILENO, self->input + self->input_length, INPUT_SIZE - self->input_length);
      char *line = self->input;
      char *end;

      if (length < 0)
        return errno == EAGAIN || errno == EINTR;
      if (length == 0)
        return false;
      left -= (int) length;
      self->input_length += (size_t) length;
      while ((end = memchr (line, '\n', self->input_length - (size_t) (line - self->input))) != NULL)
        {
          *end = '\0';
          do_command (self, line);
          line = end + 1;
        }
      self->input_length -= (size_t) (line - self->input);
      memmove (self->input, line, self->input_length);
      if (self->input_length >= MAX_COMMAND)
        return false;
      fflush (stdout);
    }
  while (left > 0);
  return true;
}

/* --- the loop
 * ------------------------------------------------------------------------------------------------- */

static void
wait_for_more (Relay *self, struct pollfd *polled)
{
  const TestbedPacket *first = testbed_heap_peek (&self->heap);
  struct timespec pause = { 0 };

  polled[0] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
  for (uint16_t i = 0; i < self->n_sites; i++)
    polled[i + 1] = (struct pollfd){ .fd = self->sites[i].fd, .events = POLLIN };
  if (first != NULL)
    {
      uint64_t now = get_now ();
      uint64_t left = first->due_ns > now ? first->due_ns - now : 0;

      pause.tv_sec = (time_t) (left / SECOND_NS);
      pause.tv_nsec = (long) (left % SECOND_NS);
    }
  if (ppoll (polled, self->n_sites + 1u, first != NULL ? &pause : NULL, NULL) < 0)
    for (uint16_t i = 0; i <= self->n_sites; i++)
      polled[i].revents = 0;
}

int
main (int argc, char **argv)
{
  static struct pollfd polled[MAX_SITES + 1];
  Relay *self = calloc (1, sizeof *self);
  unsigned long regions = argc == 3 ? strtoul (argv[2], NULL, 10) : 0;

  if (self == NULL || regions < 1 || regions > MAX_REGIONS)
    {
      fprintf (stderr, "Usage: testbed-relay SEED REGIONS\n");
      return EXIT_FAILURE;
    }
  self->seed = strtoull (argv[1], NULL, 10);
  self->n_regions = regions;
  for (uint16_t i = 0; i < MAX_REGIONS; i++)
    for (uint16_t j = 0; j < MAX_REGIONS; j++)
      testbed_lane_seed (&self->links[i][j], self->seed ^ (uint64_t) (i * MAX_REGIONS + j));
  fcntl (STDIN_FILENO, F_SETFL, O_NONBLOCK);
  /* The kernel may otherwise let each wait last 50 µs longer. */
  prctl (PR_SET_TIMERSLACK, 1UL);

  for (;;)
    {
      wait_for_more (self, polled);
      if (polled[0].revents != 0 && !read_commands (self))
        break;
      for (uint16_t i = 0; i < self->n_sites; i++)
        if (polled[i + 1].revents & POLLIN)
          read_site (self, i);
      move_due (self, get_now ());
    }
  for (TestbedPacket *packet = testbed_heap_pop (&self->heap); packet != NULL;
       packet = testbed_heap_pop (&self->heap))
    free (packet);
  free (self->heap.packets);
  free (self);
  return EXIT_SUCCESS;
}
