/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "transport/dms-p2p-upgraded.h"

void
dms_p2p_upgraded_free (DmsP2pUpgraded *self)
{
  g_clear_object (&self->muxer);
  g_clear_pointer (&self->key, dms_p2p_public_key_unref);
  g_clear_pointer (&self->local, dms_multiaddr_unref);
  g_clear_pointer (&self->remote, dms_multiaddr_unref);
  if (self->cookie != NULL && self->cookie_free != NULL)
    self->cookie_free (self->cookie);
  g_free (self);
}
