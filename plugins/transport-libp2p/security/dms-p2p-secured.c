/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "security/dms-p2p-secured.h"

/* Refs what it is given. */
DmsP2pSecured *
dms_p2p_secured_new (DmsP2pPipe *pipe, DmsP2pPublicKey *key, const char *muxer)
{
  DmsP2pSecured *self = g_new0 (DmsP2pSecured, 1);

  self->pipe = g_object_ref (pipe);
  self->key = dms_p2p_public_key_ref (key);
  self->muxer = g_strdup (muxer);
  return self;
}

void
dms_p2p_secured_free (DmsP2pSecured *self)
{
  g_clear_object (&self->pipe);
  g_clear_pointer (&self->key, dms_p2p_public_key_unref);
  g_free (self->muxer);
  g_free (self);
}
