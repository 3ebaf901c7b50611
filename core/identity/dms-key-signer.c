/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-key-signer.h"

struct _DmsKeySigner
{
  DmsSigner parent_instance;

  DmsKey *key;
};

G_DEFINE_FINAL_TYPE (DmsKeySigner, dms_key_signer, DMS_TYPE_SIGNER)

static DmsDid *
get_did (DmsSigner *signer)
{
  return dms_key_get_did (DMS_KEY_SIGNER (signer)->key);
}

static GBytes *
sign (DmsSigner *signer, GBytes *bytes, GError **error)
{
  guint8 signature[DMS_KEY_SIGNATURE_SIZE];

  dms_key_sign (DMS_KEY_SIGNER (signer)->key, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                signature);
  return g_bytes_new (signature, sizeof signature);
}

static void
dms_key_signer_finalize (GObject *object)
{
  g_clear_pointer (&DMS_KEY_SIGNER (object)->key, dms_key_unref);
  G_OBJECT_CLASS (dms_key_signer_parent_class)->finalize (object);
}

static void
dms_key_signer_class_init (DmsKeySignerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_key_signer_finalize;
  DMS_SIGNER_CLASS (klass)->get_did = get_did;
  DMS_SIGNER_CLASS (klass)->sign = sign;
}

static void
dms_key_signer_init (DmsKeySigner *self)
{
}

DmsSigner *
dms_key_signer_new (DmsKey *key)
{
  DmsKeySigner *self = g_object_new (DMS_TYPE_KEY_SIGNER, NULL);

  self->key = dms_key_ref (key);
  return DMS_SIGNER (self);
}

DmsKey *
dms_key_signer_get_key (DmsKeySigner *self)
{
  return self->key;
}
