/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "io/dms-p2p-pipe.h"

G_BEGIN_DECLS

/* As multistream-select writes them. */
#define HEADER    "\x13/multistream/1.0.0\n"
#define NA        "\x03na\n"
#define ECHO_LINE "\x0a/echo/1.0\n"

/* A pipe, and the socket at its other end for bytes of any kind. */
typedef struct
{
  DmsP2pPipe *pipe;
  DmsP2pPipe *other;
  int fd;

  gboolean is_done;
  char *protocol;
  GError *error;
} DmsPipeFixture;

/* @type: SOCK_STREAM, or SOCK_SEQPACKET to see what went out in one write. */
void dms_pipe_fixture_init (DmsPipeFixture *self, int type);
/* Both ends as pipes. */
void dms_pipe_fixture_init_pair (DmsPipeFixture *self);
void dms_pipe_fixture_clear (DmsPipeFixture *self);

void dms_pipe_fixture_iterate (void);
void dms_pipe_fixture_wait (DmsPipeFixture *self);
void dms_pipe_fixture_on_selected (GObject *source, GAsyncResult *result, gpointer user_data);
void dms_pipe_fixture_on_accepted (GObject *source, GAsyncResult *result, gpointer user_data);

void dms_pipe_fixture_send (DmsPipeFixture *self, const void *data, gsize size);
/* What has come in; fails when that is not @expected. */
void dms_pipe_fixture_expect (DmsPipeFixture *self, const char *expected);
void dms_pipe_fixture_expect_eof (DmsPipeFixture *self);

/* Reads until so many bytes or the end have come. */
char *dms_pipe_fixture_read (DmsP2pPipe *pipe, gsize size, GError **error);

G_END_DECLS
