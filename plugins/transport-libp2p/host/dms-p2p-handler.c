/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "host/dms-p2p-handler.h"

struct _DmsP2pHandler
{
  grefcount references;
  char *protocol;
  DmsP2pHostMatch match;
  DmsP2pHostStreamHandler func;
  gpointer user_data;
  GDestroyNotify destroy;
};

DmsP2pHandler *
dms_p2p_handler_new (const char *protocol,
                     DmsP2pHostMatch match,
                     DmsP2pHostStreamHandler func,
                     gpointer user_data,
                     GDestroyNotify destroy)
{
  DmsP2pHandler *self = g_new0 (DmsP2pHandler, 1);

  g_ref_count_init (&self->references);
  self->protocol = g_strdup (protocol);
  self->match = match;
  self->func = func;
  self->user_data = user_data;
  self->destroy = destroy;
  return self;
}

DmsP2pHandler *
dms_p2p_handler_ref (DmsP2pHandler *self)
{
  g_ref_count_inc (&self->references);
  return self;
}

void
dms_p2p_handler_unref (DmsP2pHandler *self)
{
  if (!g_ref_count_dec (&self->references))
    return;
  if (self->destroy != NULL)
    self->destroy (self->user_data);
  g_free (self->protocol);
  g_free (self);
}

const char *
dms_p2p_handler_get_protocol (DmsP2pHandler *self)
{
  return self->protocol;
}

gboolean
dms_p2p_handler_takes (DmsP2pHandler *self, const char *protocol)
{
  return self->match != NULL ? self->match (protocol, self->user_data)
                             : g_str_equal (self->protocol, protocol);
}

void
dms_p2p_handler_call (DmsP2pHandler *self,
                      DmsP2pHost *host,
                      DmsP2pConnection *connection,
                      DmsP2pStream *stream)
{
  self->func (host, connection, stream, self->user_data);
}
