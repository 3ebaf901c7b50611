/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-sim-random.h"

#include <math.h>
#include <sodium.h>
#include <string.h>

/* splitmix64 (Steele, Lea and Flood, 2014): what xoshiro's authors want it seeded with. */
static guint64
split (guint64 *state)
{
  guint64 z = (*state += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15));

  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return z ^ (z >> 31);
}

void
dms_sim_random_init (DmsSimRandom *self, guint64 seed, const char *name, guint64 number)
{
  guint64 state = seed;

  for (const char *c = name; *c != '\0'; c++)
    state = split (&state) ^ (guint8) *c;
  state = split (&state) ^ number;
  for (guint i = 0; i < G_N_ELEMENTS (self->state); i++)
    self->state[i] = split (&state);
}

static guint64
rotate (guint64 x, int k)
{
  return (x << k) | (x >> (64 - k));
}

guint64
dms_sim_random_next (DmsSimRandom *self)
{
  guint64 result = rotate (self->state[1] * 5, 7) * 9;
  guint64 t = self->state[1] << 17;

  self->state[2] ^= self->state[0];
  self->state[3] ^= self->state[1];
  self->state[1] ^= self->state[2];
  self->state[0] ^= self->state[3];
  self->state[2] ^= t;
  self->state[3] = rotate (self->state[3], 45);
  return result;
}

guint
dms_sim_random_below (DmsSimRandom *self, guint n)
{
  guint64 least = (-(guint64) n) % n;
  guint64 value = dms_sim_random_next (self);

  while (value < least)
    value = dms_sim_random_next (self);
  return (guint) (value % n);
}

double
dms_sim_random_real (DmsSimRandom *self)
{
  return (double) (dms_sim_random_next (self) >> 11) * 0x1.0p-53;
}

double
dms_sim_random_exponential (DmsSimRandom *self, double mean)
{
  return -mean * log1p (-dms_sim_random_real (self));
}

void
dms_sim_random_fill (DmsSimRandom *self, void *buffer, gsize size)
{
  guint8 *bytes = buffer;

  for (gsize i = 0; i < size; i += sizeof (guint64))
    {
      guint64 value = dms_sim_random_next (self);

      memcpy (bytes + i, &value, MIN (sizeof value, size - i));
    }
}

void
dms_sim_random_shuffle (DmsSimRandom *self, GPtrArray *array)
{
  for (guint i = array->len; i > 1; i--)
    {
      guint j = dms_sim_random_below (self, i);
      gpointer other = array->pdata[j];

      array->pdata[j] = array->pdata[i - 1];
      array->pdata[i - 1] = other;
    }
}

/* libsodium's: it asks functions without any argument. */
static DmsSimRandom shared;

static const char *
name_implementation (void)
{
  return "simulation";
}

static uint32_t
make_number (void)
{
  return (uint32_t) dms_sim_random_next (&shared);
}

static void
make_bytes (void *const buffer, const size_t size)
{
  dms_sim_random_fill (&shared, buffer, size);
}

void
dms_sim_random_take_libraries (guint64 seed)
{
  static struct randombytes_implementation implementation = {
    .implementation_name = name_implementation,
    .random = make_number,
    .buf = make_bytes,
  };

  dms_sim_random_init (&shared, seed, "libraries", 0);
  randombytes_set_implementation (&implementation);
  g_random_set_seed ((guint32) dms_sim_random_next (&shared));
}
