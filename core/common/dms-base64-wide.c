/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* W. Muła and D. Lemire, “Faster Base64 Encoding and Decoding Using AVX2 Instructions” (2018), with the
 * sixteen bytes of SSSE3, which any processor of the last fifteen years has. */

#include "common/dms-base64-wide.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <tmmintrin.h>

/* Twelve bytes are read as sixteen. */
__attribute__ ((target ("ssse3"))) static gsize
encode (const guint8 *data, gsize size, char *text)
{
  const __m128i spread = _mm_setr_epi8 (1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
  /* From a value to its character, by the range that it is in. */
  const __m128i offsets = _mm_setr_epi8 ('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                         '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0,
                                         0);
  gsize at = 0;

  for (; size - at >= 16; at += 12, text += 16)
    {
      __m128i in = _mm_shuffle_epi8 (_mm_loadu_si128 ((const __m128i_u *) (data + at)), spread);
      __m128i first = _mm_mulhi_epu16 (_mm_and_si128 (in, _mm_set1_epi32 (0x0fc0fc00)),
                                       _mm_set1_epi32 (0x04000040));
      __m128i second = _mm_mullo_epi16 (_mm_and_si128 (in, _mm_set1_epi32 (0x003f03f0)),
                                        _mm_set1_epi32 (0x01000010));
      __m128i values = _mm_or_si128 (first, second);
      /* 0 for the small letters, 1 to 10 for the digits, 11, 12, and 13 for the capital ones. */
      __m128i range = _mm_subs_epu8 (values, _mm_set1_epi8 (51));
      __m128i capital = _mm_cmpgt_epi8 (_mm_set1_epi8 (26), values);

      range = _mm_or_si128 (range, _mm_and_si128 (capital, _mm_set1_epi8 (13)));
      _mm_storeu_si128 ((__m128i_u *) text, _mm_add_epi8 (values, _mm_shuffle_epi8 (offsets, range)));
    }
  return at;
}

__attribute__ ((target ("ssse3"))) static gsize
decode (const guint8 *text, gsize length, guint8 *data)
{
  /* What is wrong with a low half of a character and with a high one: no character of the alphabet has a bit
   * in both. */
  const __m128i low_faults = _mm_setr_epi8 (0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13,
                                            0x1a, 0x1b, 0x1b, 0x1b, 0x1a);
  const __m128i high_faults = _mm_setr_epi8 (0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10,
                                             0x10, 0x10, 0x10, 0x10, 0x10);
  /* From a character to its value, by its high half; that of the slash is one less than of its neighbours. */
  const __m128i offsets = _mm_setr_epi8 (0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
  const __m128i pack = _mm_setr_epi8 (2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
  const __m128i slash = _mm_set1_epi8 ('/');
  gsize at = 0;

  for (; length - at >= 20; at += 16, data += 12)
    {
      __m128i in = _mm_loadu_si128 ((const __m128i_u *) (text + at));
      __m128i high = _mm_and_si128 (_mm_srli_epi32 (in, 4), _mm_set1_epi8 (0x0f));
      __m128i low = _mm_and_si128 (in, _mm_set1_epi8 (0x0f));
      __m128i faults = _mm_and_si128 (_mm_shuffle_epi8 (low_faults, low),
                                      _mm_shuffle_epi8 (high_faults, high));
      __m128i values;

      if (_mm_movemask_epi8 (_mm_cmpeq_epi8 (faults, _mm_setzero_si128 ())) != 0xffff)
        break;
      values = _mm_add_epi8 (in, _mm_shuffle_epi8 (offsets, _mm_add_epi8 (high, _mm_cmpeq_epi8 (in, slash))));
      values = _mm_maddubs_epi16 (values, _mm_set1_epi32 (0x01400140));
      values = _mm_madd_epi16 (values, _mm_set1_epi32 (0x00011000));
      _mm_storeu_si128 ((__m128i_u *) data, _mm_shuffle_epi8 (values, pack));
    }
  return at;
}

gsize
dms_base64_wide_encode (const guint8 *data, gsize size, char *text)
{
  return size >= 16 && __builtin_cpu_supports ("ssse3") ? encode (data, size, text) : 0;
}

gsize
dms_base64_wide_decode (const guint8 *text, gsize length, guint8 *data)
{
  return length >= 20 && __builtin_cpu_supports ("ssse3") ? decode (text, length, data) : 0;
}

#else

gsize
dms_base64_wide_encode (const guint8 *data, gsize size, char *text)
{
  return 0;
}

gsize
dms_base64_wide_decode (const guint8 *text, gsize length, guint8 *data)
{
  return 0;
}

#endif
