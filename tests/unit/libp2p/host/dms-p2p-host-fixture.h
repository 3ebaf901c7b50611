/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-libp2p-stack.h"
#include "dms-libp2p-transport.h"

G_BEGIN_DECLS

/* Complete hosts in this process, over real connections on the loopback. */
typedef struct
{
  DmsLibp2pStack *stack;
  DmsPeerId *id;
  /* Where it listens, with its peer ID. */
  DmsMultiaddr *address;
  /* "<inbox> <text>" of each message that was taken, in order. */
  GPtrArray *messages;
  /* Refuse so many before taking one. */
  guint n_refuse;
  /* Identify has said, or said anew, who a peer is. */
  guint n_identified;
} DmsTestHost;

DmsTestHost *dms_test_host_new (const char *listen);
/* @params: JSON: the parameters of the plugin. */
DmsTestHost *dms_test_host_new_with (const char *listen, const char *params);
/* In the private network of @network_key, 32 bytes. */
DmsTestHost *dms_test_host_new_private (const char *listen, GBytes *network_key);
DmsTestHost *dms_test_host_new_full (const char *listen, GBytes *network_key, const char *params);
void dms_test_host_free (DmsTestHost *self);
/* Connects, and waits until each knows who the other is. */
DmsP2pConnection *dms_test_host_connect (DmsTestHost *self, DmsTestHost *other);
/* Connects without waiting for anything else. */
DmsP2pConnection *dms_test_host_dial (DmsTestHost *self, DmsTestHost *other);
/* A stream of @protocol, negotiated. */
DmsP2pStream *
dms_test_host_open (DmsTestHost *self, DmsTestHost *other, const char *protocol, GError **error);

/* Two hosts that are connected. */
typedef struct
{
  DmsTestHost *a;
  /* (nullable): a test may free it. */
  DmsTestHost *b;
  /* Of a, to b. */
  DmsP2pConnection *connection;
} DmsTestPair;

/* For g_test_add(); @listen: the address that both listen at. */
void dms_test_pair_set_up (DmsTestPair *self, gconstpointer listen);
void dms_test_pair_tear_down (DmsTestPair *self, gconstpointer listen);

/* Runs the main loop until @condition is not 0, or fails after DMS_TEST_PATIENCE seconds. */
void dms_test_until (volatile const guint *condition);
/* Until @array has @n elements. */
void dms_test_until_n (GPtrArray *array, guint n);
/* Runs the main loop for so long. */
void dms_test_spin (guint ms);

/* The result of an asynchronous call, as user_data of dms_test_on_done(). */
typedef struct
{
  GAsyncResult *result;
  guint done;
} DmsTestResult;

void dms_test_on_done (GObject *source, GAsyncResult *result, gpointer user_data);
/* Waits, and hands the result over; (transfer full). */
GAsyncResult *dms_test_await (DmsTestResult *self);

/* Over a pipe, waiting; they fail the test when they cannot. */
void dms_test_pipe_write (DmsP2pPipe *pipe, const void *data, gsize size);
/* Up to the end, or to @max bytes. NULL with an error when the pipe broke. */
GByteArray *dms_test_pipe_read (DmsP2pPipe *pipe, gsize max, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsTestHost, dms_test_host_free)

G_END_DECLS
