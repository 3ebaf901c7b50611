/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

#define BENCH_TYPE_TRANSPORT (bench_transport_get_type ())

/* A transport that costs nothing: it hands in what it is told to, and tells how many messages came out. */
G_DECLARE_FINAL_TYPE (BenchTransport, bench_transport, BENCH, TRANSPORT, GObject)

typedef void (*BenchSentFunc) (GBytes *bytes, gpointer user_data);

BenchTransport *bench_transport_new (DmsPeerId *own, DmsPeerId *other, BenchSentFunc sent,
                                     gpointer user_data);
/* Brings a message from the other peer to an inbox of this one. */
void bench_transport_bring (BenchTransport *self, const char *inbox, GBytes *bytes);

G_END_DECLS
