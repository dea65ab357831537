Feature: Finding products
  By category, words, price, options and stock; sorted, counted, and a page at a time.

  Background:
    Given these products
      | sku     | title         | category | price | stock | Color | description             |
      | shirt-r | Red Shirt     | shirts   | 19.90 | 5     | Red   | Cotton, for the office  |
      | shirt-b | Blue Shirt    | shirts   | 24.90 | 0     | Blue  | Linen, for the beach    |
      | polo    | Polo          | shirts   | 34.90 | 3     | Blue  | Piqué cotton            |
      | mug     | Mug           | kitchen  | 8.00  | 12    | Red   | Holds 300 ml of coffee  |
      | kettle  | Kettle        | kitchen  | 49.00 | 1     |       | Boils water             |

  Scenario Outline: What is asked for is what is found
    When a shopper looks for products with <filter>
    Then these are found: <found>

    Examples:
      | filter                            | found                              |
      | category=shirts                   | shirt-r, shirt-b, polo             |
      | q=cotton                          | shirt-r, polo                      |
      | q=COTTON office                   | shirt-r                            |
      | q=kett                            | kettle                             |
      | q=mug-that-nobody-has             | none                               |
      | minPrice=2000&maxPrice=4000       | shirt-b, polo                      |
      | option.Color=Red                  | shirt-r, mug                       |
      | option.Color=Red&category=kitchen | mug                                |
      | inStock=true                      | shirt-r, polo, mug, kettle         |
      | category=shirts&inStock=true      | shirt-r, polo                      |

  Scenario Outline: In the order asked for
    When a shopper looks for products with sort=<sort>
    Then these are found, in this order: <found>

    Examples:
      | sort       | found                                |
      | price_asc  | mug, shirt-r, shirt-b, polo, kettle  |
      | price_desc | kettle, polo, shirt-b, shirt-r, mug  |
      | title      | shirt-b, kettle, mug, polo, shirt-r  |
      | newest     | kettle, mug, polo, shirt-b, shirt-r  |

  Scenario: What the filters would find is counted
    When a shopper looks for products with facets=true
    Then "option.Color" counts Blue 2, Red 2
    And "category" counts shirts 3, kitchen 2

  Scenario: A page at a time, each once
    When a shopper pages through all products, 2 at a time
    Then 3 pages were shown, with 5 products, each once

  Scenario: What comes in between hides nothing
    When a shopper pages through all products, 2 at a time, and "new" is added after the first page
    Then all that were there at first were shown, each once

  Scenario: A price changed moves a product in the list
    When the merchant sets the price of "kettle" to 5.00 EUR
    And a shopper looks for products with sort=price_asc
    Then these are found, in this order: kettle, mug, shirt-r, shirt-b, polo

  Scenario: Sold out is seen at once
    When ann puts 1 "kettle" into her cart
    And ann checks out
    And a shopper looks for products with category=kitchen&inStock=true
    Then these are found: mug

  Scenario: A list that was shown before is never old
    Given shoppers have looked at every list of "shirts" and "kitchen"
    When ann puts 1 "kettle" into her cart
    And ann checks out
    And the merchant sets the price of "polo" to 1.00 EUR
    And the merchant moves the product "shirt-r" to "kitchen"
    And a shopper looks for products with category=kitchen&inStock=true
    Then these are found: mug, shirt-r
    When a shopper looks for products with category=shirts&sort=price_asc
    Then these are found, in this order: polo, shirt-b
    When a shopper looks for products with category=shirts&sort=newest
    Then these are found, in this order: polo, shirt-b
    When a shopper looks for products with sort=price_asc
    Then these are found, in this order: polo, mug, shirt-r, shirt-b, kettle

  @rest
  Scenario: A list stays in the cache when something else changes
    Given a shopper has read the list "kitchen"
    When the merchant sets the price of "polo" to 1.00 EUR
    And ann puts 1 "polo" into her cart
    And ann checks out
    Then the list "kitchen" is answered from the cache

  Scenario: Pages of very long titles
    Given 3 products whose titles are as long as can be
    When a shopper pages through all products by title, 1 at a time
    Then 8 pages were shown, with 8 products, each once

  Scenario Outline: What can't be asked
    When a shopper looks for products with <filter>
    Then the shopper is told <code>

    Examples:
      | filter          | code              |
      | limit=101       | validation_failed |
      | cursor=nonsense | cursor_invalid    |
      | sort=random     | validation_failed |
      | minPrice=-1     | validation_failed |
      | currency=EURO   | validation_failed |
      | category=sofas  | not_found         |

    @views
    Examples: What a message can't even say
      | filter     | code              |
      | limit=0    | validation_failed |
      | limit=ten  | validation_failed |
      | colour=Red | validation_failed |
