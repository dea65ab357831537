Feature: What is in a cart
  A cart keeps what a shopper chose; what it costs is worked out each time it is shown.

  Background:
    Given a product "shirt" at 19.90 EUR with stock 10
    And a product "cap" at 9.90 EUR with stock 3

  Scenario: A new cart is empty
    When ann opens a cart in EUR
    Then ann's cart is empty
    And ann's cart comes to 0.00 EUR
    And ann's cart can't be checked out because of cart_empty

  Scenario: Two different things
    When ann puts 2 "shirt" into her cart
    And ann puts 1 "cap" into her cart
    Then ann's cart has 2 "shirt" at 19.90 EUR, together 39.80 EUR
    And ann's cart has 1 "cap" at 9.90 EUR, together 9.90 EUR
    And ann's cart comes to 49.70 EUR

  Scenario: More of the same is one line
    Given ann has 2 "shirt" in her cart
    When ann puts 3 "shirt" into her cart
    Then ann's cart has 1 line
    And ann's cart has 5 "shirt" at 19.90 EUR, together 99.50 EUR

  Scenario: Changing how many
    Given ann has 2 "shirt" in her cart
    When ann changes her "shirt" to 4
    Then ann's cart comes to 79.60 EUR
    When ann changes her "shirt" to 1
    Then ann's cart comes to 19.90 EUR

  Scenario: None of it is none
    Given ann has 2 "shirt" in her cart
    And ann has 1 "cap" in her cart
    When ann changes her "shirt" to 0
    Then ann's cart has 1 line
    And ann's cart comes to 9.90 EUR

  Scenario: Taking something out, twice
    Given ann has 2 "shirt" in her cart
    When ann takes "shirt" out of her cart
    Then ann's cart is empty
    When ann takes "shirt" out of her cart again
    Then ann's cart is empty

  Scenario: More than there is
    When ann puts 4 "cap" into her cart
    Then ann is told out_of_stock with 3 available
    And ann's cart is empty
    When ann puts 3 "cap" into her cart
    And ann puts 1 "cap" into her cart
    Then ann is told out_of_stock with 3 available
    And ann's cart has 3 "cap" at 9.90 EUR, together 29.70 EUR

  Scenario: Something that the shop does not have
    When ann puts 1 "sofa" into her cart
    Then ann is told not_found at "/sku"

  Scenario: Something that is not for sale in that currency
    When ann opens a cart in USD
    And ann puts 1 "shirt" into her cart
    Then ann is told not_priced
    And ann's cart is empty

  Scenario Outline: Quantities that are none
    When ann puts <quantity> "shirt" into her cart
    Then ann is told validation_failed at "/quantity"

    Examples:
      | quantity |
      | 0        |
      | -1       |
      | 100001   |

  Scenario: A line of another cart
    Given ann has 1 "shirt" in her cart
    And bob has 1 "shirt" in his cart
    When bob changes ann's "shirt" to 5 in his own cart
    Then bob is told not_found
    And ann's cart has 1 "shirt" at 19.90 EUR, together 19.90 EUR

  Scenario: A cart that there never was
    When ann looks at a cart that does not exist
    Then ann is told not_found

  Scenario: A cart thrown away is gone
    Given ann has 1 "shirt" in her cart
    When ann throws her cart away
    And ann looks at her cart
    Then ann is told not_found
    When ann throws her cart away again
    Then nothing is wrong

  Scenario: The same request twice, with a key
    When ann puts 1 "shirt" into her cart twice with the same key
    Then ann's cart has 1 "shirt" at 19.90 EUR, together 19.90 EUR

  Scenario: The same request twice, on purpose
    When ann puts 1 "shirt" into her cart twice at once
    Then ann's cart has 2 "shirt" at 19.90 EUR, together 39.80 EUR

  Scenario: Two tabs put different things in at once
    When ann puts 1 "shirt" and 1 "cap" into her cart at once
    Then ann's cart has 2 lines
    And ann's cart comes to 29.80 EUR

  Scenario: Somebody else was first
    Given ann has 1 "shirt" in her cart
    And ann has read her cart
    When ann changes her "shirt" to 2
    And ann changes her "shirt" to 3 if her cart is still as she read it
    Then ann is told version_mismatch
    And ann's cart has 2 "shirt" at 19.90 EUR, together 39.80 EUR

  Scenario: The cart as it was
    Given ann has 1 "shirt" in her cart
    When a moment passes, called "before"
    And the merchant sets the price of "shirt" to 25.00 EUR
    And ann puts 1 "cap" into her cart
    Then ann's cart comes to 34.90 EUR
    And ann's cart as of "before" came to 19.90 EUR
