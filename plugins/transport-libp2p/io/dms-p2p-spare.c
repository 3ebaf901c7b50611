/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "io/dms-p2p-spare.h"

/* One message needs one to unseal and one to take apart. */
#define DMS_P2P_SPARE_KEPT 2

typedef struct
{
  guint8 *data[DMS_P2P_SPARE_KEPT];
  guint n;
} DmsP2pSpare;

static void
dms_p2p_spare_free (gpointer data)
{
  DmsP2pSpare *self = data;

  while (self->n > 0)
    g_free (self->data[--self->n]);
  g_free (self);
}

static DmsP2pSpare *
dms_p2p_spare_get (void)
{
  static GPrivate private = G_PRIVATE_INIT (dms_p2p_spare_free);
  DmsP2pSpare *self = g_private_get (&private);

  if (self == NULL)
    {
      self = g_new0 (DmsP2pSpare, 1);
      g_private_set (&private, self);
    }
  return self;
}

guint8 *
dms_p2p_spare_take (void)
{
  DmsP2pSpare *self = dms_p2p_spare_get ();

  return self->n > 0 ? self->data[--self->n] : g_malloc (DMS_P2P_SPARE_BYTES);
}

void
dms_p2p_spare_give (guint8 *data)
{
  DmsP2pSpare *self = dms_p2p_spare_get ();

  if (self->n < DMS_P2P_SPARE_KEPT)
    self->data[self->n++] = data;
  else
    g_free (data);
}
