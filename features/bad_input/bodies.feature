@rest
Feature: Bodies that make no sense
  Each is refused with a problem that says where and why; nothing is done by half.

  Background:
    Given a product "shirt" at 19.90 EUR with stock 5

  Scenario Outline: Not JSON, or not as RFC 8259 has it
    When the merchant sends a product as <body>
    Then the merchant is told invalid_json
    And there is 1 product

    Examples:
      | body                                        |
      | {                                           |
      | {"title":"A","title":"B","variants":[]}     |
      | {"title":'A'}                               |
      | {"title":"A",}                              |
      | {"title":NaN}                               |
      | {"title":01}                                |
      | {"title":"\ud800"}                          |
      | // a comment                                |
      | {"title":"A"} {"title":"B"}                 |

  Scenario Outline: JSON, but not a product
    When the merchant sends a product as <body>
    Then the merchant is told validation_failed at "<pointer>"
    And there is 1 product

    Examples:
      | body                                                                                              | pointer                      |
      | {}                                                                                                | /title                       |
      | {"title":7,"variants":[{"sku":"a"}]}                                                              | /title                       |
      | {"title":"","variants":[{"sku":"a"}]}                                                             | /title                       |
      | {"title":"A"}                                                                                     | /variants                    |
      | {"title":"A","variants":[]}                                                                       | /variants                    |
      | {"title":"A","variants":{"sku":"a"}}                                                              | /variants                    |
      | {"title":"A","variants":[{}]}                                                                     | /variants/0/sku              |
      | {"title":"A","variants":[{"sku":"a/b"}]}                                                          | /variants/0/sku              |
      | {"title":"A","variants":[{"sku":"a","weightGrams":-1}]}                                           | /variants/0/weightGrams      |
      | {"title":"A","variants":[{"sku":"a","weightGrams":1.5}]}                                          | /variants/0/weightGrams      |
      | {"title":"A","variants":[{"sku":"a","weightGrams":1000000001}]}                                   | /variants/0/weightGrams      |
      | {"title":"A","variants":[{"sku":"a","prices":[{"amount":-1,"currency":"EUR"}]}]}                  | /variants/0/prices/0/amount  |
      | {"title":"A","variants":[{"sku":"a","prices":[{"amount":"1","currency":"EUR"}]}]}                 | /variants/0/prices/0/amount  |
      | {"title":"A","variants":[{"sku":"a","prices":[{"amount":1,"currency":"euro"}]}]}                  | /variants/0/prices/0/currency |
      | {"title":"A","colour":"red","variants":[{"sku":"a"}]}                                             | /colour                      |
      | {"title":"A","id":"mine","variants":[{"sku":"a"}]}                                                | /id                          |
      | {"title":"A","status":"sold","variants":[{"sku":"a"}]}                                            | /status                      |
      | {"title":99999999999999999999}                                                                    | /title                       |
      | {"title":"A","variants":[{"sku":"a","weightGrams":99999999999999999999}]}                         | /variants/0/weightGrams      |
      | {"title":"A","variants":[{"sku":"a","components":[{"sku":"none","quantity":1}]}]}                 | /variants/0/components/0/sku |
      | {"title":"A","variants":[{"sku":"a","components":[{"sku":"a","quantity":1}]}]}                    | /variants/0/components/0/sku |
      | {"title":"A","images":[{"url":"javascript:alert(1)"}],"variants":[{"sku":"a"}]}                   | /images/0/url                |

  Scenario: Everything that is wrong, at once
    When the merchant sends a product as {"title":"","status":"sold","variants":[{"sku":"a/b"}]}
    Then the merchant is told validation_failed at "/title"
    And the merchant is told validation_failed at "/status"
    And the merchant is told validation_failed at "/variants/0/sku"

  Scenario: A body that is too large
    When the merchant sends a product of 10 MB
    Then the merchant is told payload_too_large
    And there is 1 product

  Scenario: JSON as deep as a well
    When the merchant sends a product of 100000 opening brackets
    Then the merchant is told invalid_json

  Scenario: Not a media type that is read
    When the merchant sends a product as text/plain
    Then the merchant is told unsupported_media_type

  Scenario: Bytes that are no UTF-8
    When the merchant sends a product with bytes that are no UTF-8
    Then the merchant is told invalid_json
