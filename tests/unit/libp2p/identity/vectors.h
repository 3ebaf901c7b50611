/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* Keys of the libp2p specification of peer IDs ("Test vectors"), and signatures of them over
 * "libp2p test message": those of Ed25519 and secp256k1 are js-libp2p's, that of ECDSA is OpenSSL's. The
 * specification's RSA key has its signature elsewhere, so there is another one of js-libp2p. */
#define VECTOR_ED25519_PEER "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq"
#define VECTOR_ED25519_KEY  "080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e"
#define VECTOR_ED25519_SIGNATURE                                                                             \
  "adfeda7f68cca899fa931635f9e68deb20765e1dbe241072892ebc28cfb94e612426fa4e1c75d2ea08ac4ac8f3d39bfe"         \
  "c51688a6d02da6518fb0d4d249a75a0a"
#define VECTOR_SECP256K1_PEER "16Uiu2HAmLhLvBoYaoZfaMUKuibM6ac163GwKY74c5kiSLg5KvLpY"
#define VECTOR_SECP256K1_KEY  "08021221037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99"
#define VECTOR_SECP256K1_SIGNATURE                                                                           \
  "3045022100fa612e07e7b5e460351892db4167c4af1a18c104ba33792e20dd7b9e13b56f5b0220738725d2130d0fffc0"         \
  "0e6513042cdd4baed2ed13b8ae666a5648aaa0590643d7"
#define VECTOR_ECDSA_PEER "QmVMT29id3TUASyfZZ6k9hmNyc2nYabCo4uMSpDw4zrgDk"
#define VECTOR_ECDSA_KEY                                                                                     \
  "0803125b3059301306072a8648ce3d020106082a8648ce3d03010703420004de3d300fa36ae0e8f5d530899d83abab44"         \
  "abf3161f162a4bc901d8e6ecda020e8b6d5f8da30525e71d6851510c098e5c47c646a597fb4dcec034e9f77c409e62"
#define VECTOR_ECDSA_SIGNATURE                                                                               \
  "3043021f1afb1faf8a2b6b24991711a216559c3ae19ca856c273fc5030d18fa0c4d25b02203c89dbe03c0d8d75a61104"         \
  "7b57d68b78e973307f5b5683253245a88025a6c4af"
#define VECTOR_RSA_PEER "QmNv3Q7hmKwWE15pFe8Lv62hdmnrg6cGDdfLALp2SU5pWz"
#define VECTOR_RSA_KEY                                                                                       \
  "080012a60230820122300d06092a864886f70d01010105000382010f003082010a0282010100c5dd4988a84cc02d0596"         \
  "492eeb5ca043b458610de46d95d79fcae05143eb35019f02aea06c6d8072a9f6cdc697ef991d981bd5d34301cb0319c7"         \
  "3d2379000f6bf5bd0f8f449fc28f279c16230026c724ccd3b4f125148d53723784b8f5e7701be3de5d00e6a93c20df59"         \
  "28b93ec283743f56edeb1c665a9e72475a079e016f9b82bf9727eb465a0a087c10a392962ac38ed53bfba84202a554dd"         \
  "812a81b06acec224fd529d7ccdd8422362fa9ce8ff47df31f2d3f6f8343b95b9687e119539358229d9f7ce5b3142c484"         \
  "848e45f27bec345e6f59a363776cd20bd70cb6d5f260f3e4bf98ffd4e88674ed824e52b06e7ab1d6e73a38a033b44476"         \
  "5d2b836fbff70203010001"
#define VECTOR_RSA_SIGNATURE                                                                                 \
  "9c66e319b2c0ab52c32d3b2eb5e099366d39e52e4b441988b8b6aa1f97a4e46b5fcd0ca19f70444d0d38880e8b339134"         \
  "875d1f2a7130401d52ffd9fcc781b9492bb92401eddd547469720d184cb2c2a5dbf0b84f9f5ba4a9f88b51c741cd65e1"         \
  "4c7d37877a5fed00960a3cdc75eabb038187fabad7887cb5ce5247463ec6ef1e62eb344c8a73793e592b10a639dde399"         \
  "d59279d34fe340d54fbb07ab9b796998fe8ca833fa64c8e688e877480ca5c489beedf5efd6ce4ef6707b9ffb5c445ad4"         \
  "485e46e74ddd8304f3a0f20ac764183fdd89b9b75f4e0777d806aab09d238b160e2904d12fdf7f8984bdd65be3ca4dbf"         \
  "e88aaa88d314a505a160f4a7a631765f"
#define VECTOR_RSA_SPEC_PEER "QmaeANgBs1DTSxWSrPPtobgQuxW8XTfsS4ydbK4rCHzqxG"
#define VECTOR_RSA_SPEC_KEY                                                                                  \
  "080012a60430820222300d06092a864886f70d01010105000382020f003082020a0282020100e1beab071d08200bde24"         \
  "eef00d049449b07770ff9910257b2d7d5dda242ce8f0e2f12e1af4b32d9efd2c090f66b0f29986dbb645dae988008970"         \
  "4a94e5066d594162ae6ee8892e6ec70701db0a6c445c04778eb3de1293aa1a23c3825b85c6620a2bc3f82f9b0c309bc0"         \
  "ab3aeb1873282bebd3da03c33e76c21e9beb172fd44c9e43be32e2c99827033cf8d0f0c606f4579326c930eb4e854395"         \
  "ad941256542c793902185153c474bed109d6ff5141ebf9cd256cf58893a37f83729f97e7cb435ec679d2e33901d27bb3"         \
  "5aa0d7e20561da08885ef0abbf8e2fb48d6a5487047a9ecb1ad41fa7ed84f6e3e8ecd5d98b3982d2a901b4454991766d"         \
  "a295ab78822add5612a2df83bcee814cf50973e80d7ef38111b1bd87da2ae92438a2c8cbcc70b31ee319939a3b9c761d"         \
  "bc13b5c086d6b64bf7ae7dacc14622375d92a8ff9af7eb962162bbddebf90acb32adb5e4e4029f1c96019949ecfbfeff"         \
  "d7ac1e3fbcc6b6168c34be3d5a2e5999fcbb39bba7adbca78eab09b9bc39f7fa4b93411f4cc175e70c0a083e96bfaefb"         \
  "04a9580b4753c1738a6a760ae1afd851a1a4bdad231cf56e9284d832483df215a46c1c21bdf0c6cfe951c18f1ee4078c"         \
  "79c13d63edb6e14feaeffabc90ad317e4875fe648101b0864097e998f0ca3025ef9638cd2b0caecd3770ab54a1d9c6ca"         \
  "959b0f5dcbc90caeefc4135baca6fd475224269bbe1b0203010001"

/* SubjectPublicKeyInfo of keys that are refused. */
#define VECTOR_RSA_1024_INFO                                                                                 \
  "30819f300d06092a864886f70d010101050003818d0030818902818100ac5dcb3a26f8728ef47dc953faeafed1d1687e"         \
  "4429de22464ed9baf9c5d285b16b2685a4e1212fd445566ab4fd25543296dd69349033e645fba99f5d3b55e8a010c854"         \
  "3948e29a72c131b649aa7d84a256d0fa51fc2a5796f9f171cac1d034e757e5242a10f2daef1f42462d36d196c35755cc"         \
  "b647b6d738b6dc47e78dd989110203010001"
#define VECTOR_RSA_2047_INFO                                                                                 \
  "30820121300d06092a864886f70d01010105000382010e0030820109028201005e359a6931744bf8a3230a75da0cd6b0"         \
  "0a9ac8535023dd8c02fdf39dcc087891d418eb20a54d09ed838efe8c58e235274ae1af9ce63c4065580b6f44ac4a048c"         \
  "a7908f8f9bd92a44f9c93d34dca6f78b48c9461e20d0d027cfa15673e14fefa647d89296005ea518a0ae1d1eb280b1b1"         \
  "375db23581ec50f83aa6ec9388e5575b9f0822bd4207c24aab5ceda7cf56e0e5998e13e295148c65d8e398b8f430899d"         \
  "7e2f47210b1634a24bd09b6de0feb1ece5b22d5b7b8631d187903a362bd6c78d8cc629665c2619c374277ebd15519140"         \
  "eb8261012011470f8014b9fe9eb4609afd0edbe2e0ab397fabb260255bb9e8a7f99d52c6d65b862945839fc7075d2867"         \
  "0203010001"
#define VECTOR_P384_INFO                                                                                     \
  "3076301006072a8648ce3d020106052b8104002203620004551a6cb1fac5adb2f94e4dc36ea640cf3c9a49f49b159afb"         \
  "76e912b390df4b5ee33a4b8d67570e63512afa6720bc7f3de1757175f994b44e7fec0d2c7cef38b970715740aab52ea2"         \
  "227b0a25f614599914269cb885bc998ab9b67f232e0c35f8"
