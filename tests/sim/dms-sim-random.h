/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Numbers that look random and are the same for the same seed: xoshiro256** (Blackman and Vigna, 2018). */
typedef struct
{
  guint64 state[4];
} DmsSimRandom;

/* Streams of other names, or of other numbers, have nothing in common. */
void dms_sim_random_init (DmsSimRandom *self, guint64 seed, const char *name, guint64 number);

guint64 dms_sim_random_next (DmsSimRandom *self);
/* 0 to @n - 1, each as likely; @n is not 0. */
guint dms_sim_random_below (DmsSimRandom *self, guint n);
/* 0 to 1, without 1. */
double dms_sim_random_real (DmsSimRandom *self);
/* Of an exponential distribution with this mean. */
double dms_sim_random_exponential (DmsSimRandom *self, double mean);
void dms_sim_random_fill (DmsSimRandom *self, void *buffer, gsize size);
void dms_sim_random_shuffle (DmsSimRandom *self, GPtrArray *array);

/* Makes what libsodium and GLib call random the same for the same seed, in this process. Before libsodium is
 * used. Keys made afterwards are worth nothing. */
void dms_sim_random_take_libraries (guint64 seed);

G_END_DECLS
