/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-p2p-rsa-der-private.h"

#include <string.h>

#include "wire/dms-p2p-der.h"

enum
{
  /* go-libp2p's bounds: below is weak, above costs a verifier seconds (CVE-2023-39533). */
  DMS_P2P_RSA_MIN_BITS = 2048,
  DMS_P2P_RSA_MAX_BITS = 8192,
  /* Go's crypto/rsa takes exponents below 2^31. */
  DMS_P2P_RSA_MAX_EXPONENT_BITS = 31,
};

/* SEQUENCE { rsaEncryption (1.2.840.113549.1.1.1), NULL } */
static const guint8 dms_p2p_rsa_algorithm[] = {
  0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
};

/* Takes a positive whole number; what stands is without leading zeros. */
static gboolean
dms_p2p_rsa_der_take_number (DmsP2pDer *from, DmsP2pDer *number)
{
  if (!dms_p2p_der_take (from, DMS_P2P_DER_INTEGER, number) || number->size == 0 || number->data[0] >= 0x80)
    return FALSE;
  if (number->data[0] != 0)
    return TRUE;
  /* A zero stands first only where the sign would be misread (X.690, 8.3.2). */
  if (number->size < 2 || number->data[1] < 0x80)
    return FALSE;
  number->data++;
  number->size--;
  return TRUE;
}

static gsize
dms_p2p_rsa_der_count_bits (const DmsP2pDer *number)
{
  return (number->size - 1) * 8 + g_bit_storage (number->data[0]);
}

static gboolean
dms_p2p_rsa_der_is_odd (const DmsP2pDer *number)
{
  return (number->data[number->size - 1] & 1) != 0;
}

const char *
dms_p2p_rsa_der_find_fault (const guint8 *data, gsize size)
{
  static const char malformed[] = "an RSA key must be a SubjectPublicKeyInfo in DER";
  const gsize algorithm_size = sizeof dms_p2p_rsa_algorithm;
  DmsP2pDer all = { data, size };
  DmsP2pDer info = { NULL, 0 };
  DmsP2pDer bits = { NULL, 0 };
  DmsP2pDer key = { NULL, 0 };
  DmsP2pDer modulus = { NULL, 0 };
  DmsP2pDer exponent = { NULL, 0 };

  if (!dms_p2p_der_take (&all, DMS_P2P_DER_SEQUENCE, &info) || all.size > 0 || info.size < algorithm_size ||
      memcmp (info.data, dms_p2p_rsa_algorithm, algorithm_size) != 0)
    return malformed;
  info.data += algorithm_size;
  info.size -= algorithm_size;
  if (!dms_p2p_der_take (&info, DMS_P2P_DER_BIT_STRING, &bits) || info.size > 0 || bits.size < 1 ||
      bits.data[0] != 0)
    return malformed;
  bits.data++;
  bits.size--;
  if (!dms_p2p_der_take (&bits, DMS_P2P_DER_SEQUENCE, &key) || bits.size > 0 ||
      !dms_p2p_rsa_der_take_number (&key, &modulus) || !dms_p2p_rsa_der_take_number (&key, &exponent) ||
      key.size > 0)
    return malformed;

  if (dms_p2p_rsa_der_count_bits (&modulus) < DMS_P2P_RSA_MIN_BITS)
    return "an RSA key needs at least 2048 bits";
  if (dms_p2p_rsa_der_count_bits (&modulus) > DMS_P2P_RSA_MAX_BITS)
    return "an RSA key may have at most 8192 bits";
  if (!dms_p2p_rsa_der_is_odd (&modulus))
    return "its RSA modulus is even";
  if (dms_p2p_rsa_der_count_bits (&exponent) > DMS_P2P_RSA_MAX_EXPONENT_BITS ||
      dms_p2p_rsa_der_count_bits (&exponent) < 2 || !dms_p2p_rsa_der_is_odd (&exponent))
    return "its RSA exponent must be odd, at least 3 and below 2^31";
  return NULL;
}
